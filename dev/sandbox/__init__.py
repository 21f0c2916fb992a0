"""The provider sandbox: Stripe's wire protocol, an SMTP server, and a page that shows what was sent."""
