/* See tape.h. Which parts of an event or an action mean something depends on its kind, and most
 * words of these are zero. So an entry is
 *
 *     a word: what it is, its kind, and a bit for each word of these parts that is not zero
 *     these words
 *     the rows that pointers among them point to
 *
 * All is in words of 64 bits, so rows may be used where they lie. */
#include "core/shell/tape.h"

#include "core/shell/pages.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORD    sizeof(uint64_t)
#define WHAT_AT 56 /* bits of the entry's first word */
#define KIND_AT 48
#define ROWS(t) (sizeof(t) % WORD == 0)

/* The first block holds a small run and is below what malloc gives back to the system at once; what
 * of it is not used is not touched. */
#ifndef LEAST
#define LEAST ((size_t)120000)
#endif
#define MOST ((size_t)64 << 20) /* no block is larger, unless an entry is */

/* What is kept of a kind: so many bytes at the beginning, and those from one place to another. */
struct parts {
    size_t head, from, to;
};

#define EVENT_HEAD offsetof(struct cau_event, result)
static const struct parts of_event[CAU_EV_KINDS] = {
    [CAU_EV_START] = {EVENT_HEAD, 0, 0},
    [CAU_EV_TICK] = {EVENT_HEAD, 0, 0},
    [CAU_EV_VIEW] = {EVENT_HEAD, offsetof(struct cau_event, view), sizeof(struct cau_event)},
    [CAU_EV_RESULT] = {EVENT_HEAD, EVENT_HEAD, offsetof(struct cau_event, view)},
    [CAU_EV_TAKEOVER] = {EVENT_HEAD, 0, 0},
    [CAU_EV_LOST] = {EVENT_HEAD, 0, 0},
};

#define ACTION_HEAD offsetof(struct cau_action, owner)
#define OPERATION                                                                                  \
    {                                                                                              \
        ACTION_HEAD, ACTION_HEAD, offsetof(struct cau_action, lock_expect)                         \
    }
static const struct parts of_action[CAU_ACT_KINDS] = {
    [CAU_ACT_RECORD] = {ACTION_HEAD, offsetof(struct cau_action, record),
                        sizeof(struct cau_action)},
    [CAU_ACT_OBSERVE] = {ACTION_HEAD, 0, 0},
    [CAU_ACT_ACK] = OPERATION,
    [CAU_ACT_CANCEL] = OPERATION,
    [CAU_ACT_LOCK_READ] = OPERATION,
    [CAU_ACT_LOCK_WRITE] = {ACTION_HEAD, ACTION_HEAD, offsetof(struct cau_action, record)},
    [CAU_ACT_SCAN] = OPERATION,
    [CAU_ACT_STAGE] = OPERATION,
    [CAU_ACT_INSTALL] = OPERATION,
    [CAU_ACT_PRE_SCRIPT] = OPERATION,
    [CAU_ACT_POST_SCRIPT] = OPERATION,
    [CAU_ACT_SUSPEND] = OPERATION,
    [CAU_ACT_RESTART] = OPERATION,
    [CAU_ACT_RESUME] = OPERATION,
    [CAU_ACT_SAVE_REPORT] = OPERATION,
    [CAU_ACT_RAISE_LEVEL] = OPERATION,
};

_Static_assert(sizeof(struct cau_event) / WORD <= KIND_AT &&
                   sizeof(struct cau_action) / WORD <= KIND_AT,
               "a bit for each word");
_Static_assert(ROWS(struct cau_event) && ROWS(struct cau_action) && ROWS(struct cau_node_facts) &&
                   ROWS(struct cau_update) && EVENT_HEAD % WORD == 0 && ACTION_HEAD % WORD == 0 &&
                   offsetof(struct cau_event, view) % WORD == 0 &&
                   offsetof(struct cau_action, lock_expect) % WORD == 0 &&
                   offsetof(struct cau_action, record) % WORD == 0,
               "whole words");

enum entry { BEGIN, EVENT, STEP, ACTION };

static size_t padded(size_t size)
{
    return (size + WORD - 1) / WORD * WORD;
}

/* Blocks stay where they are; each has room for four times of what is in all before it, within
 * limits. An entry is in one of them. */
struct cau_tape_block {
    struct cau_tape_block *next;
    size_t size, capacity;
    unsigned char data[];
};

static bool add_block(struct cau_tape *tape, size_t least)
{
    size_t size = cau_pages_size(sizeof(struct cau_tape_block) + least);
    struct cau_tape_block *block = cau_pages_new(size);
    if (block == NULL) {
        return false;
    }
    block->next = NULL;
    block->size = 0;
    block->capacity = size - sizeof(*block);
    *(tape->last != NULL ? &tape->last->next : &tape->first) = block;
    tape->last = block;
    return true;
}

void cau_tape_done(struct cau_tape *tape)
{
    while (tape->first != NULL) {
        struct cau_tape_block *block = tape->first;
        tape->first = block->next;
        cau_pages_free(block, sizeof(*block) + block->capacity);
    }
    *tape = (struct cau_tape){NULL, NULL, 0};
}

int cau_tape_copy(struct cau_tape *to, const struct cau_tape *from)
{
    *to = (struct cau_tape){NULL, NULL, 0};
    if (from->size == 0) {
        return 0;
    }
    if (!add_block(to, from->size)) {
        return -ENOMEM;
    }
    for (const struct cau_tape_block *block = from->first; block != NULL; block = block->next) {
        memcpy(to->last->data + to->size, block->data, block->size);
        to->size += block->size;
    }
    to->last->size = to->size;
    return 0;
}

/* ---- keeping ---- */

static size_t max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Where `size` bytes can be put, or NULL. */
static unsigned char *room(struct cau_tape *tape, size_t size)
{
    struct cau_tape_block *last = tape->last;
    if ((last == NULL || size > last->capacity - last->size) &&
        !add_block(tape, max(padded(size), min(max(4 * tape->size, LEAST), MOST)))) {
        return NULL;
    }
    return tape->last->data + tape->last->size;
}

/* What was put there ends before `at`. */
static void end(struct cau_tape *tape, const unsigned char *at)
{
    size_t size = (size_t)(at - tape->last->data) - tape->last->size;
    tape->last->size += size;
    tape->size += size;
}

static unsigned char *put_word(unsigned char *at, uint64_t word)
{
    memcpy(at, &word, WORD);
    return at + WORD;
}

/* Where the next word is put, and its bit. */
struct pen {
    unsigned char *at;
    uint64_t bits, bit;
};

/* Each word is put, and the next one over it if it was zero: there is no branch to be guessed. */
static void put_words(struct pen *pen, const void *data, size_t from, size_t to)
{
    const unsigned char *bytes = data;
    unsigned char *at = pen->at;
    uint64_t bits = pen->bits, bit = pen->bit, word;
    for (; from < to; from += WORD, bit <<= 1) {
        memcpy(&word, bytes + from, WORD);
        memcpy(at, &word, WORD);
        at += word != 0 ? WORD : 0;
        bits |= word != 0 ? bit : 0;
    }
    *pen = (struct pen){at, bits, bit};
}

static unsigned char *put_parts(unsigned char *head, enum entry what, uint8_t kind,
                                const void *data, const struct parts *parts)
{
    struct pen pen = {head + WORD, 0, 1};
    put_words(&pen, data, 0, parts->head);
    put_words(&pen, data, parts->from, parts->to);
    put_word(head, (uint64_t)what << WHAT_AT | (uint64_t)kind << KIND_AT | pen.bits);
    return pen.at;
}

static unsigned char *put_rows(unsigned char *at, const void *rows, size_t size)
{
    if (size > 0) {
        memset(at + padded(size) - WORD, 0, WORD);
        memcpy(at, rows, size);
    }
    return at + padded(size);
}

/* An entry of one word. */
static int put_mark(struct cau_tape *tape, enum entry what, uint64_t value)
{
    unsigned char *at = room(tape, WORD);
    if (at == NULL) {
        return -ENOMEM;
    }
    end(tape, put_word(at, (uint64_t)what << WHAT_AT | value));
    return 0;
}

int cau_tape_begin(struct cau_tape *tape)
{
    return put_mark(tape, BEGIN, 0);
}

static size_t nodes_size(const struct cau_event *event)
{
    return event->kind == CAU_EV_VIEW ? event->view.node_count * sizeof(struct cau_node_facts) : 0;
}

static size_t updates_size(const struct cau_event *event)
{
    return event->kind == CAU_EV_RESULT ? event->result.update_count * sizeof(struct cau_update)
                                        : 0;
}

static size_t progress_size(const struct cau_event *event)
{
    return event->kind == CAU_EV_RESULT ? event->result.progress_size : 0;
}

int cau_tape_event(struct cau_tape *tape, const struct cau_event *event)
{
    assert(event->kind < CAU_EV_KINDS);
    size_t nodes = nodes_size(event), updates = updates_size(event),
           progress = progress_size(event);
    unsigned char *at = room(tape, WORD + sizeof(*event) + nodes + updates + padded(progress));
    if (at == NULL) {
        return -ENOMEM;
    }
    at = put_parts(at, EVENT, event->kind, event, &of_event[event->kind]);
    at = put_rows(at, event->view.nodes, nodes);
    at = put_rows(at, event->result.updates, updates);
    end(tape, put_rows(at, event->result.progress, progress));
    return 0;
}

int cau_tape_step(struct cau_tape *tape, uint8_t state, uint8_t why)
{
    return put_mark(tape, STEP, (uint64_t)state << 8 | why);
}

int cau_tape_action(struct cau_tape *tape, const struct cau_action *action)
{
    assert(action->kind < CAU_ACT_KINDS);
    size_t progress = action->kind == CAU_ACT_LOCK_WRITE ? action->progress_size : 0;
    unsigned char *at = room(tape, WORD + sizeof(*action) + padded(progress));
    if (at == NULL) {
        return -ENOMEM;
    }
    at = put_parts(at, ACTION, action->kind, action, &of_action[action->kind]);
    end(tape, put_rows(at, action->progress, progress));
    return 0;
}

/* ---- telling ---- */

static uint64_t take_word(const unsigned char **at)
{
    uint64_t word;
    memcpy(&word, *at, WORD);
    *at += WORD;
    return word;
}

/* Returns the bits of what is behind. */
static uint64_t take_words(const unsigned char **at, uint64_t bits, void *ret, size_t from,
                           size_t to)
{
    for (; from < to; from += WORD, bits >>= 1) {
        uint64_t word = bits & 1 ? take_word(at) : 0;
        memcpy((unsigned char *)ret + from, &word, WORD);
    }
    return bits;
}

static void take_parts(const unsigned char **at, uint64_t bits, void *ret,
                       const struct parts *parts)
{
    bits = take_words(at, bits, ret, 0, parts->head);
    take_words(at, bits, ret, parts->from, parts->to);
}

static const void *take_rows(const unsigned char **at, size_t size)
{
    const unsigned char *rows = *at;
    *at += padded(size);
    return size > 0 ? rows : NULL;
}

static void take_event(const unsigned char **at, uint64_t bits, struct cau_event *ret)
{
    *ret = (struct cau_event){0};
    take_parts(at, bits, ret, &of_event[(uint8_t)(bits >> KIND_AT)]);
    ret->view.nodes = take_rows(at, nodes_size(ret));
    ret->result.updates = take_rows(at, updates_size(ret));
    ret->result.progress = take_rows(at, progress_size(ret));
}

static void take_action(const unsigned char **at, uint64_t bits, struct cau_action *ret)
{
    *ret = (struct cau_action){.record.node = CAU_NO_NODE};
    take_parts(at, bits, ret, &of_action[(uint8_t)(bits >> KIND_AT)]);
    ret->progress = take_rows(at, ret->progress_size);
    ret->progress_renewed = NULL; /* its rows are the driver's, and nobody tells of them */
}

/* `event` is the last one that was told. */
static int tell(const struct cau_tape_block *block, const struct cau_plan *plan,
                struct cau_teller *teller, struct cau_event *event)
{
    const unsigned char *at = block->data, *last = at + block->size;
    struct cau_action action;
    int rc = 0;
    while (rc == 0 && at < last) {
        uint64_t head = take_word(&at);
        switch ((enum entry)(head >> WHAT_AT)) {
        case BEGIN:
            rc = cau_teller_begin(teller, plan);
            break;
        case EVENT:
            take_event(&at, head, event);
            rc = cau_teller_event(teller, event);
            break;
        case STEP:
            rc = cau_teller_step(teller, event, (uint8_t)(head >> 8), (uint8_t)head);
            break;
        case ACTION:
            take_action(&at, head, &action);
            rc = cau_teller_action(teller, event->at, &action);
            break;
        }
    }
    return rc;
}

int cau_tape_tell(const struct cau_tape *tape, const struct cau_plan *plan,
                  struct cau_teller *teller)
{
    struct cau_event event = {0};
    int rc = 0;
    for (const struct cau_tape_block *b = tape->first; rc == 0 && b != NULL; b = b->next) {
        rc = tell(b, plan, teller, &event);
    }
    cau_teller_done(teller);
    return rc;
}
