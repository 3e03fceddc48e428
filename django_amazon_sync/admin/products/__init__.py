"""Products: SKUs, listings, the page of one product, editing many, and the spreadsheet."""
