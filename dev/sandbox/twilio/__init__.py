"""Twilio's Messages API, with status callbacks."""
