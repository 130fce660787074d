# Words of the pages, in English.
#
# Messages without a variable can be used by every template as t.NAME.

# -- on every page
skip = Skip to the text
breadcrumb = Where you are
other_language = Lire cette page en français
footer_words = No account is needed to read these pages. To write, join or leave, an e-mail is enough.
feed = Follow by Atom feed
previous_page = Previous page
next_page = Next page
pages = Pages
page_of = Page { $page } of { $pages }
page_alone = Page { $page }
in_order = { $first }, { $second }

# -- the groups
home_title = The groups of { $host }
home_empty = No group can be seen here yet.
choose_title = Several groups have this name
choose_words = Which one are you looking for?
last_message = last message { $date }
no_messages = no messages yet
messages = { $count ->
    [0] no messages
    [one] { $shown } message
   *[other] { $shown } messages
}

# -- one group
join_title = Join the group
join_open = Write to { $address }; the mail can be empty. Somebody who looks after the group will see to it.
join_approval = Write to { $address }, with a few words about yourself. One of the people who look after the group will answer.
join_closed = People join by invitation. To ask for yours, write to { $address }.
join_button = Join by e-mail
ask_button = Write to the people who look after it
closed_words = This group is closed: it can still be read, but nobody can write to it or join.
write_title = Write to the group
write_anyone = Write to { $address }: your message goes to all members.
write_members = Members write to { $address }: their message goes to the whole group.
write_animators = Only the people who look after the group write to it.
write_button = Write to the group
leave_words = To leave at once, use the unsubscribe button your mail program shows on any message of the group; or write to { $address }.
members_only = The messages of this group are read among members.
threads_title = Conversations
threads_empty = Nobody has written yet. The first message may be yours.
months_title = Month by month
months_earlier = { $first } to { $last }
months_earlier_one = { $first }
month_count = { $month }: { $posts }

# -- a month
month_before = Previous month: { $month }
month_after = Next month: { $month }

# -- a thread
thread_nested = Who answers whom
thread_flat = By date
thread_view = Arrangement
thread_mbox = Take the conversation along (mbox)
thread_between = { $first } to { $last }
thread_feed = Follow this conversation (Atom)
in_reply_to = answering { $author }
read_post = Read this message
not_here = This message cannot be read here.
not_kept = This message is not shown here, as its author asked.
not_shown = A message that is not shown here
withdrawn_author = This message was withdrawn by the person who wrote it.
withdrawn_animators = This message was withdrawn by the people who look after the group.
withdrawn_operator = This message was withdrawn by the person who keeps this server.
withdrawn_title = This message was withdrawn
withdrawn_words = It was here, and is no more. Its place in the conversation says who withdrew it.

# -- looking for words
search_title = Search
search_in = Search { $group }
search_label = Search the messages
search_button = Search
search_found = { $count ->
    [one] One message found
   *[other] { $shown } messages found
}
search_found_in = { $posts }, { $threads }
search_threads = { $count ->
    [one] in one conversation
   *[other] in { $shown } conversations
}
search_nothing = No message has all of that.
search_nearly = No message has all of these words. These have most of them.
search_editions = In the editions
search_meant = Did you mean “{ $words }”?
search_unread = “{ $part }” was not understood, and did not count.
search_behind = The very latest messages may be missing: they are being read just now.
search_best = Best first
search_newest = Newest first
search_others = { $count ->
    [one] and one more message of this conversation
   *[other] and { $shown } more messages of this conversation
}
search_feed = Follow this search (Atom)
search_feed_title = Search: { $words }
search_mbox = Take what was found along (mbox)
month_mbox = Take the month along (mbox)
author_title = Messages by { $author }
search_help_title = How to search
search_help_words = Accents, capitals and endings do not matter: “ecole” finds “Écoles”.
search_help_phrase = Words that follow each other
search_help_phrase_example = "street party"
search_help_from = What somebody wrote
search_help_from_example = from:anne
search_help_subject = In the subject only
search_help_subject_example = subject:compost
search_help_dates = Between two dates
search_help_dates_example = after:2026-03 before:2026-06-15
search_help_attachment = With an attachment
search_help_attachment_example = has:attachment
search_help_without = Without a word
search_help_without_example = garden -hose

# -- a post
reply_button = Reply to the group
position = Message { $n } of { $of }
in_thread = In the conversation
whole_thread = See the whole conversation
previous_post = Previous message, from { $author }
next_post = Next message, from { $author }
raw_post = Original message
raw_words = addresses hidden
permalink = Lasting link to this message
several = Several messages carry the same identifier; here they are together.
this_one = Link to this one only
quote_lines = { $count ->
    [one] One quoted line
   *[other] { $shown } quoted lines
}
quote_of = { $heading } ({ $lines })
aligned = Text in columns
attachments = Attachments
attachment_line = { $kind }, { $size }
kind_picture = picture
kind_calendar = calendar entry
event_when = When
event_where = Where
event_by = Invited by
event_between = { $first } – { $last }
event_cancelled = cancelled
event_repeats = comes again
kind_other = file
picture_alt = Attached picture: { $name }
no_text = There is no text in this message.
fault = This message is damaged: part of its text could not be read.
cut = The rest is too long for this page.
no_subject = (no subject)
no_author = Somebody

# -- sizes
bytes = { $n ->
    [one] { $shown } byte
   *[other] { $shown } bytes
}
kilobytes = { $shown } kB
megabytes = { $shown } MB

# -- leaving
leave_title = Leave “{ $group }”?
leave_question = Press this button to get no more messages from the group. You can come back whenever you like.
leave_button = Leave the group
left_title = It is done
left_words = You will get no more messages from { $group }. Thank you for having been there.
left_back = If that was a mistake, a message is on its way to you: answer it, and you are back.
leave_unknown_title = This link leads nowhere any more
leave_unknown_words = It may have been cut on its way. The simplest way: answer any message of the group with the word “stop”.
leave_wrong_title = The request was not complete
leave_wrong_words = Nothing has changed. Open the link from your mail again and press the button.

# -- signing in
account_stranger = A member of a group? Read what is among members
account_reader = You are reading as { $name }
account_nameless = You are reading as a member
in_title = Read what is among members
in_words = No password: give the address at which you receive the messages, and a link will wait for you there.
in_address = Your e-mail address
in_button = Send me the link
in_wrong = This does not look like an e-mail address. One is written like jane@example.org.
in_too_old = This link opens nothing any more: it works once, for half an hour. Ask for another one here.
in_sent_title = Look into your mail
in_sent_words = If this address is a member’s, a message with a link has just left for it. The link works once, for half an hour.
in_enter_title = You are nearly there
in_enter_words = Press this button to read the messages of your groups in this browser.
in_enter_button = Come in
in_refused_title = Nothing was done
in_refused_words = This form did not come from a page of ours, or that page was too old. Go back to the page and try again.
often_title = A little patience
often_words = You have asked for a lot in a short time. Try again in a minute.
you_title = Hello { $name }
you_title_nameless = Hello
you_words = Here are your groups. This browser stays signed in for a year, or until you decide otherwise.
you_no_groups = You are not a member of any group at the moment.
you_feed = Your Atom feed of this group
you_feeds_words = The address of these feeds is yours alone: whoever knows it can read. If it got about, change it.
you_new_feeds = Change the address of my feeds
out_title = Leaving this place
out_here = Sign out
out_everywhere = Sign out everywhere
out_words = “Everywhere” also closes your other browsers and your feeds. You remain a member of your groups.

# -- other answers
absent_title = There is no such page
absent_words = Or it is not open to everybody: if you are a member of the group, the link at the foot of this page lets you in. A mail program may have cut the address: check that it is whole.
method_title = These pages are for reading
method_words = To write to the group, send an e-mail.
trouble_title = One moment
trouble_words = This page could not be prepared. Try again in a few minutes; if it lasts, tell the person who keeps this server.
back_home = See the groups

# -- an edition
edition_feed = Feed of editions
edition_feed_title = Editions of { $name }
summary_by = Summary by { $name }
edition_title = Edition { $number }
edition_by = put together by { $names }
edition_others = { $count ->
    [one] and { $shown } more message
   *[other] and { $shown } more messages
}
