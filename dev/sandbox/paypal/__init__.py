"""PayPal's REST API: orders, payments, vaulted wallets, webhooks."""
