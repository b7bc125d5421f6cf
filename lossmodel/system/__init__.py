"""What depends on the operating system: processes, locks, the exchange of folders, the clock."""
