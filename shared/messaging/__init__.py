"""The spine: outbox, relay, subscriptions with inbox, dead letters, replay, feed."""
