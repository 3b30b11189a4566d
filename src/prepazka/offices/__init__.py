"""Offices: agendas, services, counters, hours, rules, devices."""
