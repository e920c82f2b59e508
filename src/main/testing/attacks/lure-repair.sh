#!/bin/sh
# An ordinary user's, once a run has written its file: what a person is told to do by hand shall put a file of this user's
# where root reads it.
#
#   lure-repair.sh FOLDER    authorized_keys is a link to FOLDER, and all copies that the run has kept are this user's job
cd "$HOME/.ssh" || exit
for kept in .latchkey/*/before-* .latchkey/*/held-*; do
	[ -f "$kept" ] || continue
	chmod 600 "$kept"
	printf '* * * * * root id >/root/owned\n' >"$kept"
done
rm -f authorized_keys
ln -s "$1" authorized_keys
