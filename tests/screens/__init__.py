"""Every kind of page in Chromium, as its people see it: pictures, and what is wrong with them."""
