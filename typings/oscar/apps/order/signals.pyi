from django.dispatch import Signal

order_placed: Signal
order_status_changed: Signal
order_line_status_changed: Signal
