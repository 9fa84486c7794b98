"""Files that leave the house: tables as CSV and XLSX, address books as vCard."""
