# A file of slapd's settings without what slapd writes into as it reads them: the files with the number of its process
# and its words, its log, and the folders of its databases, which become `data`. Each value on one line.

function put(  name) {
	name = tolower(line)
	sub(/[:;].*/, "", name)
	if (name ~ /^olc(pidfile|argsfile|logfile)$/ || line ~ /^# CRC32/) return
	if (name == "olcdbdirectory") line = "olcDbDirectory: " data
	print line
}
/^ / { line = line substr($0, 2); next }
NR > 1 { put() }
{ line = $0 }
END { if (NR > 0) put() }
