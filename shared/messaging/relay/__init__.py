"""The relay: takes what services wrote to their outbox to the broker. A plain process, the only one that uses pika."""
