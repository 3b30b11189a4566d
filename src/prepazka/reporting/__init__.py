"""Reports: live view, forecasts, loads, searches and figures; nothing here changes anything."""
