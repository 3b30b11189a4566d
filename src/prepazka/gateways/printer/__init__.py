"""Ticket printers: ESC/POS over the network."""

from prepazka.gateways.printer.escpos import PrinterFault, Slip, print_slip, printer_state

__all__ = ["PrinterFault", "Slip", "print_slip", "printer_state"]
