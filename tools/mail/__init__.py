"""The mail tool: SMTP with checked certificates, attachments from the run only, S/MIME when configured."""
