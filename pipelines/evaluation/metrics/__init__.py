"""Metrics as the owners compute them: functions of values, without named files."""
