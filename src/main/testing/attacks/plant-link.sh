#!/bin/sh
# An account lays links in a folder of its own, under every name that a script writes there which root is about to run in it.
#
#   sh plant-link.sh TOKEN GOAL
for name in latchkey-result-$1.txt latchkey-result-$1.txt.part latchkey-result-$1.txt.sig latchkey-key-$1.pub; do
	ln -s "$2" "$name"
done
