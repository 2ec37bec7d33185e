/* The chapters: see suite.h. Each provokes one kind of trouble; the auditor sees what comes of it.
 */
#include "tests/conformance/suite.h"

#include "tests/conformance/audit.h"

#include <stdlib.h>
#include <string.h>

static struct cau_action on_node(uint8_t kind, uint32_t node)
{
    return (struct cau_action){.kind = kind, .node = node};
}

static uint8_t do_and_wait(struct audit *a, struct cau_action action)
{
    return audit_result(a, audit_do(a, &action));
}

static void expect_ok(struct audit *a, uint8_t code, const char *what)
{
    if (!a->subject->faulty && code != CAU_RC_OK)
        audit_broken(a, SUITE_WORK, "%s: the result's code is %u", what, code);
}

/* --- Time and views --------------------------------------------------------------------------- */

static void chapter_ticks(struct audit *a)
{
    static const cau_msec delays[] = {0, 1, 2, 7, 999, 1000, 61000};

    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        cau_msec at = a->now + delays[i];

        audit_until(a, at);
        if (a->now < at || a->now > at + a->subject->slack_ms)
            audit_broken(a, SUITE_TICK, "a tick comes %lld ms off", (long long)(a->now - at));
    }
    audit_until(a, a->now - 5000); /* in the past is now */
}

/* Looks; true when a whole view came that was seen at the request or later. */
static bool look(struct audit *a)
{
    struct cau_action observe = {.kind = CAU_ACT_OBSERVE, .node = CAU_NO_NODE};
    cau_msec asked, end;

    audit_until(a, 0);
    asked = a->now;
    end = asked + a->subject->patience_ms;
    audit_submit(a, &observe);
    while (a->whole_seen_at < asked)
        if (!audit_wait(a, end))
            return false;
    return true;
}

static void must_look(struct audit *a)
{
    if (!look(a))
        audit_broken(a, SUITE_OBSERVE, "no whole view that was seen after it");
}

/* Once, and again while the first look is still under way. */
static void chapter_observe(struct audit *a)
{
    struct cau_action observe = {.kind = CAU_ACT_OBSERVE, .node = CAU_NO_NODE};

    for (cau_msec gap = 0; gap < 1000; gap = 2 * gap + 1) {
        must_look(a);
        audit_submit(a, &observe);
        audit_until(a, a->now + gap);
        must_look(a);
    }
    audit_until(a, a->now + a->subject->patience_ms / 10);
}

/* --- The lock --------------------------------------------------------------------------------- */

static bool same_lock(const struct cau_lock *a, const struct cau_lock *b)
{
    return a->owner.hi == b->owner.hi && a->owner.lo == b->owner.lo && a->run.hi == b->run.hi &&
           a->run.lo == b->run.lo && a->epoch == b->epoch && a->stamp == b->stamp &&
           a->phase == b->phase;
}

static const unsigned char progress[40] = {1, 2, 3, [39] = 255};

static uint8_t write_lock(struct audit *a, const struct cau_lock *expect,
                          const struct cau_lock *want, struct cau_lock *ret_value)
{
    struct cau_action write = {.kind = CAU_ACT_LOCK_WRITE,
                               .node = CAU_NO_NODE,
                               .lock_expect = *expect,
                               .lock_want = *want,
                               .progress = progress,
                               .progress_size = sizeof progress};
    uint32_t op = audit_do(a, &write);
    uint8_t code = audit_result(a, op);

    *ret_value = a->ops[op].lock;
    return code;
}

/* Asks until the store answers; false: it does not. */
static bool read_lock(struct audit *a, struct cau_lock *ret)
{
    for (int i = 0; i < 20; i++) {
        struct cau_action read = on_node(CAU_ACT_LOCK_READ, CAU_NO_NODE);
        uint32_t op = audit_do(a, &read);
        uint8_t code = audit_result(a, op);

        expect_ok(a, code, "reading the lock");
        *ret = a->ops[op].lock;
        if (code == CAU_RC_OK)
            return true;
        audit_until(a, a->now + a->subject->patience_ms / 4);
    }
    return false;
}

static struct cau_lock ours(const struct audit *a, uint8_t phase)
{
    return (struct cau_lock){.owner = a->subject->owner,
                             .run = {.hi = 5, .lo = a->subject->seed},
                             .epoch = a->epoch,
                             .stamp = a->now,
                             .phase = phase};
}

/* With any part of the expectation wrong the write is refused, and tells the present value. */
static void wrong_expectations(struct audit *a, const struct cau_lock *present)
{
    struct cau_lock wrong[7], want = ours(a, CAU_LOCK_HELD), value;

    for (size_t i = 0; i < 7; i++)
        wrong[i] = *present;
    wrong[0].owner.hi ^= 1;
    wrong[1].owner.lo ^= 1;
    wrong[2].run.hi ^= 1;
    wrong[3].run.lo ^= 1;
    wrong[4].epoch++;
    wrong[5].stamp--;
    wrong[6].phase = CAU_LOCK_FREE;
    want.stamp += 12345;
    for (size_t i = 0; i < 7; i++) {
        uint8_t code = write_lock(a, &wrong[i], &want, &value);

        if (code == CAU_RC_OK)
            audit_broken(a, SUITE_SWAP, "a write with a wrong expectation (%zu) is taken", i);
        else if (code == CAU_RC_REFUSED && !same_lock(&value, present))
            audit_broken(a, SUITE_SWAP, "a refusal does not tell the present value");
        else if (code != CAU_RC_REFUSED && !a->subject->faulty)
            audit_broken(a, SUITE_SWAP, "a wrong expectation: the result's code is %u", code);
    }
}

static bool marked_everywhere(const struct audit *a, uint64_t mark)
{
    for (uint32_t n = 0; n < a->subject->node_count; n++)
        if (a->facts[n].member && a->facts[n].reachable && a->facts[n].lock_mark != mark)
            return false;
    return true;
}

/* A look shows the lock in each member's own copy of the store; a copy may lag a moment. */
static void marks(struct audit *a, const struct cau_lock *now)
{
    for (int i = 0; i < 5 && !marked_everywhere(a, cau_lock_mark(now)); i++)
        must_look(a);
    if (!a->subject->faulty && !marked_everywhere(a, cau_lock_mark(now)))
        audit_broken(a, SUITE_FACTS, "a member's lock_mark is not that of the lock");
}

/* Takes the lock for the other chapters. */
static void chapter_lock(struct audit *a)
{
    struct cau_lock before, now, value;

    if (!read_lock(a, &before))
        return;
    a->epoch = before.epoch + 1;
    now = ours(a, CAU_LOCK_CLAIMED);
    expect_ok(a, write_lock(a, &before, &now, &value), "writing the lock");
    if (!read_lock(a, &value))
        return;
    if (!same_lock(&value, &now)) {
        if (!a->subject->faulty)
            audit_broken(a, SUITE_SWAP, "a write that was taken does not show");
        a->epoch = value.epoch;
        return;
    }
    marks(a, &now);
    wrong_expectations(a, &now);
    if (write_lock(a, &before, &now, &value) == CAU_RC_OK)
        audit_broken(a, SUITE_SWAP, "the same write is taken twice");
    a->progress = progress;
    a->progress_size = sizeof progress;
    if (read_lock(a, &value) && !a->subject->faulty &&
        (!same_lock(&value, &now) || !a->ops[a->op_count - 1].progress_right))
        audit_broken(a, SUITE_SWAP, "lock or progress are not as they were written");
}

static void chapter_unlock(struct audit *a)
{
    struct cau_lock value, want;

    if (!read_lock(a, &value) || value.epoch != a->epoch)
        return;
    want = value;
    want.phase = CAU_LOCK_FREE;
    want.owner = (struct cau_guid){0};
    expect_ok(a, write_lock(a, &value, &want, &value), "freeing the lock");
}

/* --- Work on nodes ---------------------------------------------------------------------------- */

static void expect_standby(struct audit *a, enum suite_rule rule, uint32_t node, uint8_t want,
                           const char *after)
{
    must_look(a);
    if (!a->subject->faulty && a->facts[node].standby != want)
        audit_broken(a, rule, "after %s node %u's standby is %u", after, node,
                     a->facts[node].standby);
}

/* Everything once, suspend and resume twice: the second time must change nothing. */
static void chapter_work(struct audit *a)
{
    for (uint32_t n = 0; n < a->subject->node_count; n++) {
        expect_ok(a, do_and_wait(a, on_node(CAU_ACT_RESUME, n)), "resuming what is not suspended");
        expect_standby(a, SUITE_AGAIN, n, CAU_STANDBY_NO, "resuming what was not suspended");
        expect_ok(a, do_and_wait(a, on_node(CAU_ACT_PRE_SCRIPT, n)), "the pre script");
        for (uint8_t p = 0; p < a->subject->plugin_count; p++) {
            struct cau_action scan = on_node(CAU_ACT_SCAN, n), stage = on_node(CAU_ACT_STAGE, n);

            scan.plugin = stage.plugin = p;
            expect_ok(a, do_and_wait(a, scan), "a scan");
            expect_ok(a, do_and_wait(a, stage), "a staging");
        }
        expect_ok(a, do_and_wait(a, on_node(CAU_ACT_SUSPEND, n)), "a suspend");
        expect_standby(a, SUITE_WORK, n, CAU_STANDBY_OURS, "a suspend");
        expect_ok(a, do_and_wait(a, on_node(CAU_ACT_SUSPEND, n)), "a second suspend");
        expect_standby(a, SUITE_AGAIN, n, CAU_STANDBY_OURS, "a second suspend");
        for (uint8_t p = 0; p < a->subject->plugin_count; p++) {
            struct cau_action install = on_node(CAU_ACT_INSTALL, n);

            install.plugin = p;
            expect_ok(a, do_and_wait(a, install), "an installation");
        }
        expect_ok(a, do_and_wait(a, on_node(CAU_ACT_RESUME, n)), "a resume");
        expect_standby(a, SUITE_WORK, n, CAU_STANDBY_NO, "a resume");
        expect_ok(a, do_and_wait(a, on_node(CAU_ACT_RESUME, n)), "a second resume");
        expect_standby(a, SUITE_AGAIN, n, CAU_STANDBY_NO, "a second resume");
        expect_ok(a, do_and_wait(a, on_node(CAU_ACT_POST_SCRIPT, n)), "the post script");
    }
    expect_ok(a, do_and_wait(a, on_node(CAU_ACT_RAISE_LEVEL, CAU_NO_NODE)), "raising the level");
    expect_ok(a, do_and_wait(a, on_node(CAU_ACT_SAVE_REPORT, CAU_NO_NODE)), "storing the report");
}

/* Until the node is up in another boot than this. */
static bool wait_for_boot(struct audit *a, uint32_t node, uint64_t before)
{
    cau_msec end = a->now + a->subject->patience_ms;
    const struct cau_node_facts *f = &a->facts[node];

    while (f->boot_id == before || f->boot_id == 0 || !f->startup_done || !f->member)
        if (!audit_wait(a, end))
            return false;
    return true;
}

/* A restart is asked for twice at once, and once more when it has happened: the node boots once. */
static void chapter_restart(struct audit *a)
{
    uint32_t node = a->subject->node_count - 1;
    struct cau_action restart = on_node(CAU_ACT_RESTART, node);
    uint64_t before, after;

    do_and_wait(a, on_node(CAU_ACT_SUSPEND, node));
    must_look(a);
    before = restart.boot_id = a->facts[node].boot_id;
    for (int i = 0; i < 2; i++) {
        restart.deadline = 0;
        audit_do(a, &restart);
    }
    if (!wait_for_boot(a, node, before) && !a->subject->faulty)
        audit_broken(a, SUITE_WORK, "node %u was not restarted", node);
    after = a->facts[node].boot_id;
    restart.deadline = 0;
    audit_do(a, &restart);
    audit_settle(a);
    audit_until(a, a->now + a->subject->patience_ms);
    must_look(a);
    if (!a->subject->faulty && a->facts[node].boot_id != after)
        audit_broken(a, SUITE_AGAIN, "a restart of a boot that is over restarts the node");
    do_and_wait(a, on_node(CAU_ACT_RESUME, node));
}

/* --- Cancelling, deadlines, repeats ----------------------------------------------------------- */

static void cancel(struct audit *a, uint32_t op, uint32_t node)
{
    struct cau_action action = on_node(CAU_ACT_CANCEL, node);

    action.owner = a->subject->owner;
    action.epoch = a->epoch;
    action.target = AUDIT_FIRST_ID + op;
    a->ops[op].canceled_late |= a->ops[op].results > 0;
    audit_submit(a, &action);
}

static const uint8_t on_nodes[] = {CAU_ACT_SCAN,        CAU_ACT_STAGE,   CAU_ACT_INSTALL,
                                   CAU_ACT_PRE_SCRIPT,  CAU_ACT_SUSPEND, CAU_ACT_RESUME,
                                   CAU_ACT_POST_SCRIPT, CAU_ACT_RESTART};
#define ON_NODES (sizeof on_nodes / sizeof on_nodes[0])

/* Something unknown, something over, and something under way, twice. */
static void chapter_cancel(struct audit *a)
{
    cau_msec rest = a->subject->patience_ms / 4;

    cancel(a, AUDIT_OPS - 1, 0);                /* as yet unknown */
    for (size_t k = 0; k + 1 < ON_NODES; k++) { /* not the restart */
        struct cau_action action = on_node(on_nodes[k], 0);
        uint32_t op = audit_do(a, &action);

        cancel(a, op, 0);
        cancel(a, op, 0);
        audit_result(a, op);
        cancel(a, op, 0);
        audit_until(a, a->now + rest);
        cancel(a, op, 0);
    }
    do_and_wait(a, on_node(CAU_ACT_RESUME, 0));
    audit_until(a, a->now + rest);
}

/* Deadlines that are over, now, or too short: the result comes by then, and only once. */
static void chapter_deadlines(struct audit *a)
{
    static const cau_msec ahead[] = {-60000, -1, 0, 1, 2, 30, 51, 2000, 6000};

    for (size_t d = 0; d < sizeof ahead / sizeof ahead[0]; d++) {
        for (size_t k = 0; k + 1 < ON_NODES; k++) {
            struct cau_action action = on_node(on_nodes[k], (uint32_t)d % a->subject->node_count);

            action.deadline = a->now + ahead[d];
            audit_do(a, &action);
        }
        struct cau_action read = on_node(CAU_ACT_LOCK_READ, CAU_NO_NODE);
        read.deadline = a->now + ahead[d];
        audit_do(a, &read);
        audit_settle(a);
        audit_until(a, a->now + a->subject->patience_ms);
    }
    for (uint32_t n = 0; n < a->subject->node_count; n++)
        do_and_wait(a, on_node(CAU_ACT_RESUME, n));
}

/* The same operation, id and all, once more at once and when it is over. */
static void chapter_again(struct audit *a)
{
    cau_msec rest = a->subject->patience_ms / 4;

    for (size_t k = 0; k + 1 < ON_NODES; k++) {
        struct cau_action action = on_node(on_nodes[k], a->subject->node_count - 1);
        uint32_t op = audit_do(a, &action);

        a->ops[op].again = true;
        audit_submit(a, &action);
        audit_result(a, op);
        audit_submit(a, &action);
        audit_until(a, a->now + rest);
        audit_submit(a, &action);
    }
    do_and_wait(a, on_node(CAU_ACT_RESUME, a->subject->node_count - 1));
    audit_until(a, a->now + rest);
}

/* --- Chance ----------------------------------------------------------------------------------- */

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % below;
}

static void throw_in(struct audit *a, uint64_t *chance, struct cau_action *ret)
{
    static const cau_msec ahead[] = {-1000, 0, 1, 40, 300, 5000, 30000, 120000};
    uint32_t kind = draw(chance, ON_NODES + 2);

    *ret = on_node(kind < ON_NODES ? on_nodes[kind] : CAU_ACT_LOCK_READ,
                   kind < ON_NODES ? draw(chance, a->subject->node_count) : CAU_NO_NODE);
    ret->plugin = (uint8_t)draw(chance, a->subject->plugin_count);
    ret->deadline = a->now + ahead[draw(chance, 8)];
    if (ret->kind == CAU_ACT_RESTART)
        ret->boot_id = draw(chance, 3) > 0 ? a->facts[ret->node].boot_id : 99;
    if (kind == ON_NODES + 1) {
        ret->kind = CAU_ACT_LOCK_WRITE;
        ret->lock_want = ours(a, CAU_LOCK_HELD);
        ret->lock_expect.epoch = draw(chance, 100);
    }
    audit_do(a, ret);
}

/* Bursts of operations that get into each other's way, repeated, cancelled, with looks between. */
static void chapter_soup(struct audit *a)
{
    static const cau_msec pauses[] = {0, 0, 0, 1, 20, 500, 5000, 40000};
    uint64_t chance = a->subject->seed * 2654435761u + 1;
    struct cau_action last[24];
    uint32_t first;

    for (uint32_t done = 0; done < a->subject->soup;) {
        first = a->op_count;
        for (uint32_t i = 0; i < 24 && done < a->subject->soup; i++, done++) {
            throw_in(a, &chance, &last[i]);
            uint32_t again = draw(&chance, 4 * (i + 1)), stop = draw(&chance, 3 * (i + 1));
            if (again <= i) {
                a->ops[first + again].again = true;
                audit_submit(a, &last[again]);
            }
            if (stop <= i)
                cancel(a, first + stop, last[stop].node);
            if (draw(&chance, 6) == 0)
                must_look(a);
            audit_until(a, a->now + pauses[draw(&chance, 8)]);
        }
        audit_settle(a);
        audit_until(a, a->now + a->subject->patience_ms);
    }
}

void suite_run(const struct suite_subject *subject, struct suite_report *ret)
{
    static void (*const chapters[])(struct audit *) = {
        chapter_ticks,  chapter_observe,   chapter_lock,  chapter_work, chapter_restart,
        chapter_cancel, chapter_deadlines, chapter_again, chapter_soup, chapter_unlock,
    };
    struct audit *a = malloc(sizeof *a);

    if (a == NULL)
        abort();
    *ret = (struct suite_report){0};
    audit_init(a, subject, ret);
    for (size_t i = 0; i < sizeof chapters / sizeof chapters[0]; i++) {
        chapters[i](a);
        audit_settle(a);
    }
    audit_until(a, a->now + subject->patience_ms); /* nothing comes after the end */
    free(a);
}
