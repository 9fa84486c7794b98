"""The servers and processes of one machine: what `intercoop up` and the tests run in place of a real installation."""
