# Of the answer of sshd -T those settings that decide about access.

BEGIN {
	n = split("authorizedkeysfile authorizedkeyscommand authorizedkeyscommanduser pubkeyauthentication " \
		"authenticationmethods allowusers denyusers allowgroups denygroups permitrootlogin strictmodes usepam " \
		"refuseconnection revokedkeys trustedusercakeys authorizedprincipalsfile authorizedprincipalscommand " \
		"authorizedprincipalscommanduser pubkeyacceptedalgorithms pubkeyacceptedkeytypes pubkeyauthoptions " \
		"casignaturealgorithms requiredrsasize port listenaddress chrootdirectory forcecommand loglevel usedns hostkey " \
		"allowtcpforwarding allowstreamlocalforwarding disableforwarding permittty subsystem passwordauthentication " \
		"kbdinteractiveauthentication challengeresponseauthentication gssapiauthentication hostbasedauthentication", \
		keyword, " ")
	for (i = 1; i <= n; i++) wanted[keyword[i]] = 1
}
tolower($1) in wanted
