"""The verbs of finance, by room: drafting and posting invoices, crediting, payments and their allocation, entries by
hand, the chart with its rules and lock date, reports, and what customers see of their own account."""
