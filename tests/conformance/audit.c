/* See audit.h. */
#include "tests/conformance/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const suite_rule_names[SUITE_RULES] = {
    [SUITE_TIME] = "times never go back",
    [SUITE_ONE_RESULT] = "exactly one result",
    [SUITE_DEADLINE] = "by the deadline",
    [SUITE_KNOWN_ID] = "no result for an unknown id",
    [SUITE_CANCEL] = "cancelling something finished does nothing",
    [SUITE_AT_ONCE] = "submit returns at once and never calls back",
    [SUITE_AGAIN] = "submitting again is harmless",
    [SUITE_OBSERVE] = "a whole view follows OBSERVE",
    [SUITE_FACTS] = "facts in range",
    [SUITE_SWAP] = "compare-and-swap",
    [SUITE_TICK] = "the tick comes at the deadline",
    [SUITE_WORK] = "what is asked for is done",
};

void audit_broken(struct audit *a, enum suite_rule rule, const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (a->report->first[0] == '\0')
        snprintf(a->report->first, sizeof a->report->first, "%s: %s", suite_rule_names[rule], text);
    a->report->broken[rule]++;
}

static void delivered(void *ctx)
{
    struct audit *a = ctx;

    if (a->submitting)
        audit_broken(a, SUITE_AT_ONCE, "an event was handed over within submit");
}

void audit_init(struct audit *a, const struct suite_subject *subject, struct suite_report *report)
{
    if (subject->node_count > AUDIT_NODES)
        abort();
    *a = (struct audit){.subject = subject, .report = report, .whole_seen_at = INT64_MIN};
    if (subject->listen != NULL)
        subject->listen(subject->backend, delivered, a);
    audit_until(a, 0); /* what time is it? */
}

/* --- Judging ---------------------------------------------------------------------------------- */

static void judge_updates(struct audit *a, const struct audit_op *op, const struct cau_result *r)
{
    bool lists =
        op->kind == CAU_ACT_SCAN || op->kind == CAU_ACT_STAGE || op->kind == CAU_ACT_INSTALL;

    if (r->update_count > 0 && !lists)
        audit_broken(a, SUITE_FACTS, "an operation of kind %u lists updates", op->kind);
    for (uint32_t i = 0; i < r->update_count; i++) {
        const struct cau_update *u = &r->updates[i];
        bool offered = u->outcome == CAU_UPDATE_OFFERED, scan = op->kind == CAU_ACT_SCAN;
        /* a scan also tells how installations of the same run ended, which nobody may have heard */
        bool earlier = scan && op->node < AUDIT_NODES && a->installed[op->node];

        if (u->id == 0 || u->outcome > CAU_UPDATE_CANCELED || (offered != scan && !earlier))
            audit_broken(a, SUITE_FACTS, "update %u of kind %u: outcome %u", i, op->kind,
                         u->outcome);
        for (uint32_t j = 0; j < i; j++)
            if (r->updates[j].id == u->id)
                audit_broken(a, SUITE_FACTS, "an update is listed twice");
    }
}

static void judge_result(struct audit *a, const struct cau_result *r)
{
    uint64_t place = r->id - AUDIT_FIRST_ID;
    struct audit_op *op = &a->ops[place < a->op_count ? place : 0];

    if (r->id < AUDIT_FIRST_ID || place >= a->op_count) {
        audit_broken(a, SUITE_KNOWN_ID, "id %llu was never submitted", (unsigned long long)r->id);
        return;
    }
    if (r->code >= CAU_RC_KINDS)
        audit_broken(a, SUITE_FACTS, "a result's code is %u", r->code);
    if (op->results++ > 0) {
        audit_broken(a,
                     op->again           ? SUITE_AGAIN
                     : op->canceled_late ? SUITE_CANCEL
                                         : SUITE_ONE_RESULT,
                     "operation of kind %u has %u results", op->kind, op->results);
        return;
    }
    a->open--;
    if (a->now > cau_msec_max(op->deadline, op->submitted) + a->subject->slack_ms)
        audit_broken(a, SUITE_DEADLINE, "a result of kind %u comes %lld ms late", op->kind,
                     (long long)(a->now - op->deadline));
    judge_updates(a, op, r);
    op->code = r->code;
    op->lock = r->lock;
    op->progress_right =
        r->progress_size == a->progress_size &&
        (r->progress_size == 0 || memcmp(r->progress, a->progress, a->progress_size) == 0);
    if (r->lock.phase > CAU_LOCK_HELD)
        audit_broken(a, SUITE_FACTS, "a lock's phase is %u", r->lock.phase);
    a->report->done[op->kind] += r->code == CAU_RC_OK;
}

static void judge_node(struct audit *a, const struct cau_node_facts *facts, bool *listed)
{
    if (facts->node >= a->subject->node_count) {
        audit_broken(a, SUITE_FACTS, "a view lists node %u", facts->node);
        return;
    }
    if (listed[facts->node])
        audit_broken(a, SUITE_FACTS, "a view lists node %u twice", facts->node);
    listed[facts->node] = true;
    if (facts->kind > CAU_KIND_REMOTE || facts->standby > CAU_STANDBY_OTHER ||
        facts->roles_promoted > facts->roles)
        audit_broken(a, SUITE_FACTS, "node %u: kind %u, standby %u, %u of %u roles promoted",
                     facts->node, facts->kind, facts->standby, facts->roles_promoted, facts->roles);
    a->facts[facts->node] = *facts;
    a->told[facts->node] = true;
}

static void judge_view(struct audit *a, const struct cau_view *view)
{
    bool listed[AUDIT_NODES] = {false};

    if (view->seen_at > a->now + a->subject->slack_ms)
        audit_broken(a, SUITE_FACTS, "a view was seen %lld ms from now",
                     (long long)(view->seen_at - a->now));
    if (view->observer_count > CAU_OBSERVERS_MAX) {
        audit_broken(a, SUITE_FACTS, "a view has %u observers", view->observer_count);
        return;
    }
    for (uint32_t i = 0; i < view->observer_count; i++)
        if (view->observers[i].node >= a->subject->node_count || view->observers[i].ring == 0)
            audit_broken(a, SUITE_FACTS, "observer %u is node %u, ring %llu", i,
                         view->observers[i].node, (unsigned long long)view->observers[i].ring);
    if (view->observer_count > 0 && (view->votes.needed == 0 || view->votes.members == 0))
        audit_broken(a, SUITE_FACTS, "%u votes are needed, %u nodes are members",
                     view->votes.needed, view->votes.members);
    if (view->request.kind > CAU_REQUEST_RESUME ||
        (view->request.kind == CAU_REQUEST_NONE) != (view->request.id == 0))
        audit_broken(a, SUITE_FACTS, "a request's kind is %u", view->request.kind);
    for (uint32_t i = 0; i < view->node_count; i++)
        judge_node(a, &view->nodes[i], listed);
    for (uint32_t i = 0; view->whole && i < a->subject->node_count; i++)
        if (!a->told[i])
            audit_broken(a, SUITE_FACTS, "a whole view came, and nothing was told of node %u", i);
    if (view->whole)
        a->whole_seen_at = view->seen_at;
}

bool audit_wait(struct audit *a, cau_msec deadline)
{
    struct cau_event event = {0};
    int rc = a->subject->backend->ops->wait(a->subject->backend, deadline, &event);

    if (rc < 0) {
        audit_broken(a, SUITE_ONE_RESULT, "the backend is lost");
        return false;
    }
    a->report->events++;
    if (a->timed && event.at < a->now)
        audit_broken(a, SUITE_TIME, "an event lies %lld ms before the last",
                     (long long)(a->now - event.at));
    cau_msec due = a->timed ? cau_msec_max(deadline, a->now) : deadline;
    if (a->timed && event.at > due + a->subject->slack_ms)
        audit_broken(a, SUITE_TICK, "an event comes %lld ms after the deadline of the wait",
                     (long long)(event.at - due));
    if (rc == 0 && event.at < deadline)
        audit_broken(a, SUITE_TICK, "a tick comes %lld ms early", (long long)(deadline - event.at));
    if ((rc == 0) != (event.kind == CAU_EV_TICK))
        audit_broken(a, SUITE_TICK, "wait returns %d with an event of kind %u", rc, event.kind);
    a->now = a->timed ? cau_msec_max(a->now, event.at) : event.at;
    a->timed = true;
    if (event.kind == CAU_EV_RESULT)
        judge_result(a, &event.result);
    else if (event.kind == CAU_EV_VIEW)
        judge_view(a, &event.view);
    else if (event.kind != CAU_EV_TICK)
        audit_broken(a, SUITE_FACTS, "an event's kind is %u", event.kind);
    return rc == 1;
}

/* --- Doing ------------------------------------------------------------------------------------ */

void audit_until(struct audit *a, cau_msec at)
{
    for (uint32_t i = 0; audit_wait(a, at); i++)
        if (i > 100000) {
            audit_broken(a, SUITE_TICK, "events without end, and the deadline never comes");
            return;
        }
}

void audit_submit(struct audit *a, const struct cau_action *action)
{
    cau_msec before;

    audit_until(a, 0);
    before = a->now;
    a->submitting = true;
    a->subject->backend->ops->submit(a->subject->backend, action);
    a->submitting = false;
    audit_until(a, 0);
    if (a->now > before + a->subject->slack_ms)
        audit_broken(a, SUITE_AT_ONCE, "submit took %lld ms", (long long)(a->now - before));
}

uint32_t audit_do(struct audit *a, struct cau_action *action)
{
    uint32_t place = a->op_count++;

    if (place >= AUDIT_OPS)
        abort();
    audit_until(a, 0);
    action->id = AUDIT_FIRST_ID + place;
    action->owner = a->subject->owner;
    action->epoch = a->epoch;
    if (action->deadline == 0)
        action->deadline = a->now + a->subject->patience_ms;
    a->ops[place] = (struct audit_op){.submitted = a->now,
                                      .deadline = action->deadline,
                                      .kind = action->kind,
                                      .node = action->node,
                                      .code = CAU_RC_KINDS};
    if (action->kind == CAU_ACT_INSTALL && action->node < AUDIT_NODES)
        a->installed[action->node] = true;
    a->open++;
    a->report->operations++;
    audit_submit(a, action);
    return place;
}

uint8_t audit_result(struct audit *a, uint32_t op)
{
    cau_msec end = cau_msec_max(a->ops[op].deadline, a->now) + a->subject->slack_ms + 1;

    while (a->ops[op].results == 0 && audit_wait(a, end)) {
    }
    if (a->ops[op].results == 0)
        audit_broken(a, SUITE_ONE_RESULT, "an operation of kind %u has no result by its deadline",
                     a->ops[op].kind);
    return a->ops[op].code;
}

void audit_settle(struct audit *a)
{
    for (uint32_t op = 0; op < a->op_count && a->open > 0; op++)
        if (a->ops[op].results == 0) {
            audit_result(a, op);
            if (a->ops[op].results == 0) { /* complained of once */
                a->ops[op].results = 1;
                a->open--;
            }
        }
}
