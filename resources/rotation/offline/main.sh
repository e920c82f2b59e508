# Carries out the part of a plan that is about one host, there, by whoever has carried this script to it. It follows
# the hand's library and the data of the plan (functions each_file, with_pieces and say_refusal), and asks at its
# standard input whether the new key logs in: nobody else could tell. Run again after it was ended, it goes on from
# what it finds.
#
#   sh SCRIPT                 does it, and writes latchkey-result-TOKEN.txt into the folder where it is run; where
#                             others can write there, into the home of whoever runs it
#   sh SCRIPT --check         only looks
#   sh SCRIPT --signer WHO    first sees whether WHO has signed it, in SCRIPT.sig, and does nothing otherwise: a
#                             fingerprint (SHA256:...), a .pub file or a file of allowed signers
#   sh SCRIPT --sign KEY      signs the result with this key
#   sh SCRIPT --now           removes old lines before the grace period is over
#   sh SCRIPT --rollback      removes again what a script that does nothing but add lines has added
#   sh SCRIPT --unverified-host      goes on where nothing can show that this is the host that it is for; its result is
#                                    a claim
#                             until somebody who is known has signed it
#   sh SCRIPT --unchecked-signature  goes on where the host's ssh-keygen cannot check who has signed it

carry() {
	hand_prepare
	read_options "$@"
	choose_folder
	nonce=carried seq=0 by_root=no began=$(date +%s) outcome=failed why= left= late= kept= at= taken_back=no
	left_out= unended= first_left=
	put_line "plan $carry_plan for $carry_host"
	[ -z "$carry_told" ] || put_line "$carry_told"
	check_signature
	check_host
	check_day
	look_all
	if [ -n "$why" ]; then
		put_line "nothing was changed: $why" >&2
		[ -z "$kept" ] || outcome=needs-attention
		tell_files
		finish
		exit 1
	fi
	if [ -n "$only_looks" ]; then put_line "nothing${left_out:+ else} is in the way; nothing was changed"; exit 0; fi
	if [ -n "$goes_back" ]; then go_back
	elif [ "$all_done" = yes ]; then at=${carry_phases##* }; else do_phases; fi
	[ -n "$why$goes_back" ] || case " $carry_phases " in *' finish '*) outcome=committed ;; *) outcome='done' ;; esac
	end_all
	finish
	[ -z "$holder_path" ] || forget_key
	case $goes_back$outcome in committed | 'done' | yesrolled-back) ;; *) exit 1 ;; esac
}

read_options() {
	only_looks= signer= sign_key= is_now= goes_back= unverified_host= unchecked_signature=
	while [ $# -gt 0 ]; do
		case $1 in
			--check) only_looks=yes ;;
			--now) is_now=yes ;;
			--rollback) goes_back=yes ;;
			--unverified-host) unverified_host=yes ;;
			--unchecked-signature) unchecked_signature=yes ;;
			--signer) signer=${2:?WHO is missing}; shift ;;
			--sign) sign_key=${2:?KEY is missing}; shift ;;
			*)
				put_line "usage: sh $0 [--check] [--signer SHA256:...|FILE] [--sign KEY] [--now] [--rollback]\
 [--unverified-host] [--unchecked-signature]" >&2
				exit 2
				;;
		esac
		shift
	done
	case $goes_back$carry_phases in
		yesgrant) ;;
		yes*)
			put_line "nothing was done: --rollback is for a script that adds lines and does nothing else\
 (this one: $carry_phases)" >&2
			exit 2
			;;
	esac
}

# By the clock of this host.
check_day() {
	[ "$carry_not_before" -gt "$(date +%s)" ] || return 0
	early="the grace period ends at $carry_not_before_said: run it after that, or with --now"
	[ -n "$is_now" ] || [ -n "$only_looks" ] || refuse_script "$early"
	[ -z "$only_looks" ] || put_line "$early"
}
