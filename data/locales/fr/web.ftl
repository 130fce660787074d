# Words of the pages, in French. Espaces insécables (U+00A0 before : and inside « », U+202F before ; ? !)
# and ’ are written as such; a test looks for the others.
#
# Messages without a variable can be used by every template as t.NAME.

# -- on every page
skip = Aller au texte
breadcrumb = Où vous êtes
other_language = Read this page in English
footer_words = Ces pages se lisent sans compte. Pour écrire, rejoindre ou partir, un courriel suffit.
feed = Suivre par flux Atom
previous_page = Page précédente
next_page = Page suivante
pages = Pages
page_of = Page { $page } sur { $pages }
page_alone = Page { $page }
in_order = { $first }, { $second }

# -- the groups
home_title = Les groupes de { $host }
home_empty = Aucun groupe ne se montre ici pour le moment.
choose_title = Plusieurs groupes portent ce nom
choose_words = Lequel cherchez-vous ?
last_message = dernier message { $date }
no_messages = pas encore de message
messages = { $count ->
    [0] aucun message
    [one] { $shown } message
   *[other] { $shown } messages
}

# -- one group
join_title = Rejoindre le groupe
join_open = Écrivez à { $address }, sans rien ajouter. Une personne qui anime le groupe s’en occupera.
join_approval = Écrivez à { $address }, avec quelques mots pour vous présenter. Une des personnes qui animent le groupe vous répondra.
join_closed = On y entre sur invitation. Pour demander la vôtre, écrivez à { $address }.
join_button = Rejoindre par courriel
ask_button = Écrire aux personnes qui animent
closed_words = Ce groupe est fermé : on peut encore le lire, on ne peut plus y écrire ni le rejoindre.
write_title = Écrire au groupe
write_anyone = Écrivez à { $address } : votre message ira à tous les membres.
write_members = Les membres écrivent à { $address } : leur message va à tout le groupe.
write_animators = Seules les personnes qui animent le groupe y écrivent.
write_button = Écrire au groupe
leave_words = Pour partir aussitôt, servez-vous du bouton de désinscription que votre messagerie montre sur chaque message du groupe ; ou écrivez à { $address }.
members_only = Les messages de ce groupe se lisent entre membres.
threads_title = Conversations
threads_empty = Personne n’a encore écrit. Le premier message sera peut-être le vôtre.
months_title = Mois par mois
months_earlier = { $first } à { $last }
months_earlier_one = { $first }
month_count = { $month } : { $posts }

# -- a month
month_before = Mois précédent : { $month }
month_after = Mois suivant : { $month }

# -- a thread
thread_nested = Qui répond à qui
thread_flat = Dans l’ordre des dates
thread_view = Présentation
thread_mbox = Emporter la conversation (mbox)
thread_between = du { $first } au { $last }
thread_feed = Suivre cette conversation (Atom)
in_reply_to = en réponse à { $author }
read_post = Lire ce message
not_here = Ce message ne peut pas être lu ici.
not_kept = Ce message n’est pas montré ici, à la demande de son auteur.
not_shown = Un message qui n’est pas montré ici
withdrawn_author = Ce message a été retiré par la personne qui l’avait écrit.
withdrawn_animators = Ce message a été retiré par les personnes qui animent le groupe.
withdrawn_operator = Ce message a été retiré par la personne qui tient ce serveur.
withdrawn_title = Ce message a été retiré
withdrawn_words = Il était ici, il n’y est plus. Sa place dans la conversation dit par qui il a été retiré.

# -- looking for words
search_title = Chercher
search_in = Chercher dans { $group }
search_label = Chercher dans les messages
search_button = Chercher
search_found = { $count ->
    [one] Un message trouvé
   *[other] { $shown } messages trouvés
}
search_found_in = { $posts }, { $threads }
search_threads = { $count ->
    [one] dans une conversation
   *[other] dans { $shown } conversations
}
search_nothing = Aucun message ne contient tout cela.
search_nearly = Aucun message ne contient tous ces mots. En voici qui en contiennent la plupart.
search_editions = Dans les éditions
search_meant = Vouliez-vous dire « { $words } » ?
search_unread = « { $part } » n’a pas été compris et n’a pas compté.
search_behind = Les tout derniers messages manquent peut-être encore : ils sont en train d’être lus.
search_best = Les plus proches d’abord
search_newest = Les plus récents d’abord
search_others = { $count ->
    [one] et un autre message de cette conversation
   *[other] et { $shown } autres messages de cette conversation
}
search_feed = Suivre cette recherche (Atom)
search_feed_title = Recherche : { $words }
search_mbox = Emporter ce qui est trouvé (mbox)
month_mbox = Emporter le mois (mbox)
author_title = Messages de { $author }
search_help_title = Comment chercher
search_help_words = Les accents, les majuscules et les terminaisons ne comptent pas : « ecole » trouve « Écoles ».
search_help_phrase = Des mots qui se suivent
search_help_phrase_example = "fête des voisins"
search_help_from = Ce qu’une personne a écrit
search_help_from_example = from:anne
search_help_subject = Dans l’objet seulement
search_help_subject_example = subject:compost
search_help_dates = Entre deux dates
search_help_dates_example = after:2026-03 before:2026-06-15
search_help_attachment = Avec une pièce jointe
search_help_attachment_example = has:attachment
search_help_without = Sans un mot
search_help_without_example = jardin -arrosage

# -- a post
reply_button = Répondre au groupe
position = Message { $n } sur { $of }
in_thread = Dans la conversation
whole_thread = Voir toute la conversation
previous_post = Message précédent, de { $author }
next_post = Message suivant, de { $author }
raw_post = Message d’origine
raw_words = adresses masquées
permalink = Lien durable vers ce message
several = Plusieurs messages portent le même identifiant ; les voici ensemble.
this_one = Lien vers celui-ci seulement
quote_lines = { $count ->
    [one] Une ligne citée
   *[other] { $shown } lignes citées
}
quote_of = { $heading } ({ $lines })
aligned = Texte en colonnes
attachments = Pièces jointes
attachment_line = { $kind } de { $size }
kind_picture = image
kind_calendar = rendez-vous
event_when = Quand
event_where = Où
event_by = Sur l’invitation de
event_between = { $first } – { $last }
event_cancelled = annulé
event_repeats = revient régulièrement
kind_other = fichier
picture_alt = Image jointe : { $name }
no_text = Ce message ne contient pas de texte.
fault = Ce message est abîmé : une partie de son texte n’a pas pu être lue.
cut = La suite est trop longue pour cette page.
no_subject = (sans sujet)
no_author = Quelqu’un

# -- sizes
bytes = { $n ->
    [one] { $shown } octet
   *[other] { $shown } octets
}
kilobytes = { $shown } ko
megabytes = { $shown } Mo

# -- leaving
leave_title = Quitter « { $group } » ?
leave_question = Appuyez sur ce bouton pour ne plus recevoir les messages du groupe. Vous pourrez revenir quand vous voudrez.
leave_button = Quitter le groupe
left_title = C’est fait
left_words = { $group } : vous n’en recevrez plus les messages. Merci d’en avoir été.
left_back = Si c’était une erreur, un message vient de vous être envoyé : répondez-y, et vous serez de retour.
leave_unknown_title = Ce lien ne mène plus nulle part
leave_unknown_words = Il a peut-être été coupé en chemin. Le plus simple : répondez à un message du groupe en écrivant « stop ».
leave_wrong_title = La demande n’était pas complète
leave_wrong_words = Rien n’a changé. Ouvrez de nouveau le lien reçu par courriel et appuyez sur le bouton.

# -- signing in
account_stranger = Membre d’un groupe ? Lire ce qui est entre membres
account_reader = Vous lisez en tant que { $name }
account_nameless = Vous lisez en tant que membre
in_title = Lire ce qui est entre membres
in_words = Pas de mot de passe : donnez l’adresse à laquelle vous recevez les messages, et un lien vous y attendra.
in_address = Votre adresse de courriel
in_button = Recevoir le lien
in_wrong = Ceci n’a pas la forme d’une adresse de courriel. Elle s’écrit comme jeanne@exemple.fr.
in_too_old = Ce lien n’ouvre plus rien : il sert une fois, pendant une demi-heure. Demandez-en un autre ici.
in_sent_title = Regardez votre courrier
in_sent_words = Si cette adresse est celle d’un membre, un message avec un lien vient d’y partir. Le lien sert une fois, pendant une demi-heure.
in_enter_title = Vous y êtes presque
in_enter_words = Appuyez sur ce bouton pour lire, dans ce navigateur, les messages de vos groupes.
in_enter_button = Entrer
in_refused_title = Rien n’a été fait
in_refused_words = Ce formulaire ne venait pas d’une page d’ici, ou cette page était trop vieille. Revenez sur la page et recommencez.
often_title = Un peu de patience
often_words = Vous avez demandé beaucoup en peu de temps. Réessayez dans une minute.
you_title = Bonjour { $name }
you_title_nameless = Bonjour
you_words = Voici vos groupes. Ce navigateur reste connecté pendant un an, ou jusqu’à ce que vous en décidiez autrement.
you_no_groups = Vous n’êtes membre d’aucun groupe en ce moment.
you_feed = Votre flux Atom de ce groupe
you_feeds_words = L’adresse de ces flux est à vous seulement : qui la connaît peut lire. Si elle s’est perdue, changez-la.
you_new_feeds = Changer l’adresse de mes flux
out_title = Partir d’ici
out_here = Se déconnecter
out_everywhere = Se déconnecter partout
out_words = « Partout » ferme aussi vos autres navigateurs et vos flux. Vous restez membre de vos groupes.

# -- other answers
absent_title = Cette page n’existe pas
absent_words = Ou bien elle n’est pas ouverte à tout le monde : si vous êtes membre du groupe, le lien au bas de cette page vous ouvrira. L’adresse a pu être coupée par un programme de courriel : vérifiez qu’elle est entière.
method_title = Ces pages se lisent seulement
method_words = Pour écrire au groupe, envoyez un courriel.
trouble_title = Un instant
trouble_words = Cette page n’a pas pu être préparée. Réessayez dans quelques minutes ; si cela dure, prévenez la personne qui tient ce serveur.
back_home = Voir les groupes

# -- an edition
edition_feed = Fil des éditions
edition_feed_title = { $name } : les éditions
summary_by = Résumé de { $name }
edition_title = Édition { $number }
edition_by = préparée par { $names }
edition_others = { $count ->
    [one] et { $shown } autre message
   *[other] et { $shown } autres messages
}
