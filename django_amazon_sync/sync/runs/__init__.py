"""What every job rests on: its run and lines, its lease, what it is about, and statements over many rows."""
