"""What every job rests on: its run and lines, its lease, and statements over many rows."""
