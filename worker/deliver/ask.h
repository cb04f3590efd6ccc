#pragma once

/*
 * Settings whose expressions ask DNS (dns_query): evaluation stops at a question that is not
 * answered yet, the question is asked, and the evaluation runs again from the start. One memo of
 * answers per attempt, so that an attempt sees one answer to each question.
 */
struct arena;
struct deliver_ask;
struct expr_env;
struct resolve;

/* EXPR_WAIT when env->question needs an answer; it must evaluate all of its settings anew. */
typedef int (*deliver_ask_eval_fn)(struct expr_env *env, void *arg);
/* Everything is evaluated. */
typedef void (*deliver_ask_done_fn)(void *arg);

/* Lives in the arena; cancel it before that or the resolver ends. */
struct deliver_ask *deliver_ask_new(struct arena *arena, struct resolve *resolve);
/*
 * Runs eval with env until it no longer waits, then done; at once, from inside, when nothing has to
 * be asked. One at a time.
 */
void deliver_ask_run(struct deliver_ask *ask, struct expr_env *env, deliver_ask_eval_fn eval,
		     deliver_ask_done_fn done, void *arg);
/* No answer will come for the one that is running. */
void deliver_ask_cancel(struct deliver_ask *ask);
