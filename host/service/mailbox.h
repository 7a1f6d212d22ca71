/* mailbox.h - mails that come in: a thread reads the company's mailbox by IMAP, each mail once. */
#ifndef BERTH_MAILBOX_H
#define BERTH_MAILBOX_H

#include "record/store.h"
#include "service/imap.h"

struct mailbox;
struct mailbox *mailbox_start(struct store *st, const struct imap_box *box);
void mailbox_stop(struct mailbox **m);

#endif
