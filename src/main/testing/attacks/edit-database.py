#!/usr/bin/env python3
"""Edits a database of Latchkey as a program would that has the file and nothing else, such as one that syncs folders.

    edit-database.py FILE SQL...
"""
import sqlite3
import sys

database = sqlite3.connect(sys.argv[1])
for statement in sys.argv[2:]:
    database.execute(statement)
database.commit()
database.close()
