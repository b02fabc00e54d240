"""What is measured, judged and shown: rules, pages and messages, with the real programs."""
