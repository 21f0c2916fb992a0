"""The sandbox's tables. A provider object is one JSON body beside the few columns it is looked up by."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  parent TEXT,            -- the payment intent of a charge or refund, the customer of the rest
  status TEXT,
  currency TEXT,
  amount_minor INTEGER NOT NULL DEFAULT 0,  -- what really moved: captured, or refunded
  behaviour TEXT,         -- which test card a payment method is
  idempotency_key TEXT,   -- the key of the request that made it
  created INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, account, seq);
CREATE INDEX IF NOT EXISTS objects_by_parent ON objects (parent, kind) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_by_key ON objects (idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE IF NOT EXISTS idempotency (
  account TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  request_id TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  replays INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  PRIMARY KEY (account, key)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS endpoints (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,  -- '*' for the one from the environment
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  enabled_events TEXT NOT NULL,
  status TEXT NOT NULL,
  created INTEGER NOT NULL,
  body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY,
  event TEXT NOT NULL,
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  state TEXT NOT NULL,    -- pending, delivered, failed
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at REAL NOT NULL,
  last_status INTEGER,
  last_error TEXT,
  delivered_at REAL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS deliveries_by_subject ON deliveries (subject);

CREATE TABLE IF NOT EXISTS settlements (  -- refunds whose bank answers later
  refund TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  outcome TEXT NOT NULL,
  due_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS mails (
  seq INTEGER PRIMARY KEY,
  message_id TEXT NOT NULL,
  sender TEXT NOT NULL,
  subject TEXT NOT NULL,
  received_at REAL NOT NULL,
  raw BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS mails_by_message_id ON mails (message_id);

CREATE TABLE IF NOT EXISTS mail_recipients (
  address TEXT NOT NULL,
  mail INTEGER NOT NULL,
  PRIMARY KEY (address, mail)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mail_recipients_by_mail ON mail_recipients (mail);

CREATE TABLE IF NOT EXISTS refused_recipients (
  address TEXT PRIMARY KEY,
  code INTEGER NOT NULL,
  times INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS paypal_objects (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,     -- order, authorization, capture, refund, token, webhook, event
  account TEXT NOT NULL,  -- the client id
  parent TEXT,            -- the order of a payment, the capture of a refund, the customer of a token
  status TEXT,
  currency TEXT,
  amount_minor INTEGER NOT NULL DEFAULT 0,
  invoice TEXT,
  request_id TEXT,        -- the PayPal-Request-Id of the request that made it
  created REAL NOT NULL,
  body TEXT NOT NULL,
  hidden TEXT NOT NULL    -- what PayPal would know and not tell
);
CREATE INDEX IF NOT EXISTS paypal_objects_by_kind ON paypal_objects (kind, account, seq);
CREATE INDEX IF NOT EXISTS paypal_objects_by_parent ON paypal_objects (parent, kind) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS paypal_objects_by_invoice ON paypal_objects (account, invoice) WHERE invoice IS NOT NULL;

CREATE TABLE IF NOT EXISTS paypal_settlements (  -- captures under review
  capture TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  outcome TEXT NOT NULL,
  due_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS texts (  -- Twilio's messages
  seq INTEGER PRIMARY KEY,
  sid TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  sender TEXT NOT NULL,
  recipient TEXT NOT NULL,
  body TEXT NOT NULL,
  status TEXT NOT NULL,
  error_code INTEGER,
  callback_url TEXT,
  created_at REAL NOT NULL,
  sent_at REAL,
  updated_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS texts_by_recipient ON texts (recipient, seq);

CREATE TABLE IF NOT EXISTS text_steps (  -- what a message will become
  seq INTEGER PRIMARY KEY,
  text INTEGER NOT NULL,
  status TEXT NOT NULL,
  error_code INTEGER,
  due_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS text_steps_due ON text_steps (due_at);

CREATE TABLE IF NOT EXISTS pushes (  -- FCM's messages
  seq INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  target TEXT NOT NULL,   -- token, topic or condition
  address TEXT NOT NULL,
  sent_at REAL NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS pushes_by_address ON pushes (address, seq);

CREATE TABLE IF NOT EXISTS own_secrets (  -- signing keys, made at the first start
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS callbacks (  -- what PayPal and Twilio send back; Stripe's are deliveries
  seq INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  event TEXT NOT NULL,
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  receiver TEXT NOT NULL,  -- what signs it: a webhook's id, an account
  url TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,     -- pending, delivered, failed
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at REAL NOT NULL,
  last_status INTEGER,
  last_error TEXT,
  delivered_at REAL
);
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (next_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS callbacks_by_subject ON callbacks (subject);

CREATE TABLE IF NOT EXISTS faults (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
);
"""

EMPTIED_BY_RESET = (
    "objects",
    "idempotency",
    "deliveries",
    "settlements",
    "paypal_settlements",
    "callbacks",
    "texts",
    "text_steps",
    "pushes",
    "mails",
    "mail_recipients",
    "refused_recipients",
    "faults",
)
