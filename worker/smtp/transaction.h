#pragma once

#include <stdbool.h>

struct outcome;
struct smtp_session;
struct smtp_transaction;
struct smtp_verdict;

/*
 * One message on a session: plans the turns, keeps where each recipient stands, and says the end.
 * For session.c and step.c. Everything here that reports may call the owner, who may free the
 * session: look at session->gone before going on.
 */

/* Plans the first group; reports nothing yet. */
void smtp_transaction_begin(struct smtp_session *session,
			    const struct smtp_transaction *transaction);
/* Reports what begin refused by itself. */
void smtp_transaction_report_refusals(struct smtp_session *session);
/* The last planned turn was heard: plans the message, or ends. */
void smtp_transaction_advance(struct smtp_session *session);
void smtp_transaction_accept(struct smtp_session *session, unsigned recipient);
/* Final for this recipient. */
void smtp_transaction_decide(struct smtp_session *session, unsigned recipient,
			     const struct outcome *outcome);
/* Final for all that are not decided or left for the next transaction. */
void smtp_transaction_decide_all(struct smtp_session *session, const struct outcome *outcome);
/* "Too many recipients": this one, and those not yet named, are left for the next transaction. */
void smtp_transaction_leave(struct smtp_session *session, unsigned recipient);
/* The message is offered to those accepted: the turns of the body and its answers. */
void smtp_transaction_plan_content(struct smtp_session *session);
/*
 * Ends as the verdict says: STOP decides all, anything else leaves them undecided; the connection
 * is given up.
 */
void smtp_transaction_abandon(struct smtp_session *session, const struct smtp_verdict *verdict);
/* True when somebody accepted has no outcome yet. */
bool smtp_transaction_is_open(const struct smtp_session *session);
