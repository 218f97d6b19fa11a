"""The commands: functions that read their options, call the library and print."""
