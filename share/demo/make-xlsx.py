#!/usr/bin/python3
"""Writes leads-sample.xlsx from leads-sample.csv, as people's sheets are: a title above the headers, and
numbers where Excel took phones and faxes for numbers.  Run it here after changing the .csv."""
import csv
import pathlib

import openpyxl

here = pathlib.Path(__file__).parent
book = openpyxl.Workbook()
sheet = book.active
sheet.title = "展会线索"
sheet.append(["秋季展会客户名单"])
with open(here / "leads-sample.csv", encoding="utf-8", newline="") as f:
    for row in csv.reader(f):
        sheet.append([int(cell) if cell.isdigit() and len(cell) > 6 and cell[0] != "0" else cell or None for cell in row])
for column, width in ("A", 36), ("D", 20), ("E", 16), ("G", 30), ("K", 30), ("R", 40):
    sheet.column_dimensions[column].width = width
sheet.freeze_panes = "A3"
book.save(here / "leads-sample.xlsx")
