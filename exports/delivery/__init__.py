"""Results that are sent: the gate, the mail, the outbox and the way out."""
