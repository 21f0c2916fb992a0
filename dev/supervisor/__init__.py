"""The fork server: one quiet parent that preloads the frameworks, starts every process and watches it."""
