"""What an office is: agendas, services, counters, hours, rules, devices."""
