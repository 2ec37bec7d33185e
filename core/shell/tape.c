/* See tape.h. Most bytes of an event or an action are zero, which ones depends on its kind. So an
 * entry is
 *
 *     a word: what it is, in its highest byte, and below a bit for each piece that is not zero
 *     these pieces, and what is left behind the last whole one
 *     the rows that pointers among them point to
 *
 * which is short for every kind without knowing any. All is in words of 64 bits, so rows may be
 * used where they lie. */
#include "core/shell/tape.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORD    sizeof(uint64_t)
#define PIECE   (4 * WORD)
#define KIND_AT 56 /* bit of the entry's first word */
#define FITS(s) (sizeof(s) / PIECE <= KIND_AT && sizeof(s) % WORD == 0)

/* The first block holds a small run and is below what malloc gives back to the system at once; what
 * of it is not used is not touched. */
#define LEAST ((size_t)120000)

_Static_assert(FITS(struct cau_event) && FITS(struct cau_action), "a bit for each piece");
_Static_assert(sizeof(struct cau_node_facts) % WORD == 0 && sizeof(struct cau_update) % WORD == 0,
               "rows are whole words");

enum entry { BEGIN, EVENT, STEP, ACTION };

static size_t padded(size_t size)
{
    return (size + WORD - 1) / WORD * WORD;
}

void cau_tape_done(struct cau_tape *tape)
{
    free(tape->data);
    *tape = (struct cau_tape){NULL, 0, 0};
}

int cau_tape_copy(struct cau_tape *to, const struct cau_tape *from)
{
    *to = (struct cau_tape){NULL, 0, 0};
    if (from->size == 0) {
        return 0;
    }
    to->data = malloc(from->size);
    if (to->data == NULL) {
        return -ENOMEM;
    }
    to->size = to->capacity = from->size;
    memcpy(to->data, from->data, from->size);
    return 0;
}

/* ---- keeping ---- */

static bool grow(struct cau_tape *tape, size_t size)
{
    size_t capacity = 2 * tape->capacity + padded(size);
    capacity = capacity > LEAST ? capacity : LEAST;
    unsigned char *grown = realloc(tape->data, capacity);
    if (grown == NULL) {
        return false;
    }
    tape->data = grown;
    tape->capacity = capacity;
    return true;
}

/* Where `size` bytes can be put, or NULL. */
static unsigned char *room(struct cau_tape *tape, size_t size)
{
    return size <= tape->capacity - tape->size || grow(tape, size) ? tape->data + tape->size : NULL;
}

static void end(struct cau_tape *tape, const unsigned char *at)
{
    tape->size = (size_t)(at - tape->data);
}

static unsigned char *put_word(unsigned char *at, uint64_t word)
{
    memcpy(at, &word, WORD);
    return at + WORD;
}

/* Each piece is put, and the next one over it if it was zero: there is no branch to be guessed. */
static unsigned char *put_pieces(unsigned char *head, enum entry what, const void *data,
                                 size_t size)
{
    uint64_t bits = (uint64_t)what << KIND_AT, bit = 1, there;
    const unsigned char *from = data, *last = from + size;
    unsigned char *at = head + WORD;
    for (; from + PIECE <= last; from += PIECE, bit <<= 1) {
        uint64_t words[PIECE / WORD];
        memcpy(words, from, PIECE);
        memcpy(at, words, PIECE);
        there = (words[0] | words[1] | words[2] | words[3]) != 0;
        bits |= bit & -there;
        at += PIECE & -there;
    }
    size_t left = size % PIECE;
    memcpy(at, from, left);
    put_word(head, bits);
    return at + left;
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
    end(tape, put_word(at, (uint64_t)what << KIND_AT | value));
    return 0;
}

int cau_tape_begin(struct cau_tape *tape)
{
    return put_mark(tape, BEGIN, 0);
}

static size_t nodes_size(const struct cau_event *event)
{
    return event->view.node_count * sizeof(struct cau_node_facts);
}

static size_t updates_size(const struct cau_event *event)
{
    return event->result.update_count * sizeof(struct cau_update);
}

int cau_tape_event(struct cau_tape *tape, const struct cau_event *event)
{
    size_t nodes = nodes_size(event), updates = updates_size(event),
           progress = event->result.progress_size;
    unsigned char *at = room(tape, WORD + sizeof(*event) + nodes + updates + padded(progress));
    if (at == NULL) {
        return -ENOMEM;
    }
    at = put_pieces(at, EVENT, event, sizeof(*event));
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
    unsigned char *at = room(tape, WORD + sizeof(*action) + padded(action->progress_size));
    if (at == NULL) {
        return -ENOMEM;
    }
    at = put_pieces(at, ACTION, action, sizeof(*action));
    end(tape, put_rows(at, action->progress, action->progress_size));
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

static void take_pieces(const unsigned char **at, uint64_t bits, void *ret, size_t size)
{
    unsigned char *to = ret, *const last = to + size;
    memset(ret, 0, size);
    for (; to + PIECE <= last; to += PIECE, bits >>= 1) {
        size_t there = bits & 1 ? PIECE : 0;
        memcpy(to, *at, there);
        *at += there;
    }
    memcpy(to, *at, size % PIECE);
    *at += size % PIECE;
}

static const void *take_rows(const unsigned char **at, size_t size)
{
    const unsigned char *rows = *at;
    *at += padded(size);
    return size > 0 ? rows : NULL;
}

static void take_event(const unsigned char **at, uint64_t bits, struct cau_event *ret)
{
    take_pieces(at, bits, ret, sizeof(*ret));
    ret->view.nodes = take_rows(at, nodes_size(ret));
    ret->result.updates = take_rows(at, updates_size(ret));
    ret->result.progress = take_rows(at, ret->result.progress_size);
}

static void take_action(const unsigned char **at, uint64_t bits, struct cau_action *ret)
{
    take_pieces(at, bits, ret, sizeof(*ret));
    ret->progress = take_rows(at, ret->progress_size);
    ret->progress_renewed = NULL; /* its rows are the driver's, and nobody tells of them */
}

static int tell(const struct cau_tape *tape, const struct cau_plan *plan, struct cau_teller *teller)
{
    const unsigned char *at = tape->data, *last = at + tape->size;
    struct cau_event event = {0};
    struct cau_action action;
    int rc = 0;
    while (rc == 0 && at < last) {
        uint64_t head = take_word(&at);
        switch ((enum entry)(head >> KIND_AT)) {
        case BEGIN:
            rc = cau_teller_begin(teller, plan);
            break;
        case EVENT:
            take_event(&at, head, &event);
            rc = cau_teller_event(teller, &event);
            break;
        case STEP:
            rc = cau_teller_step(teller, &event, (uint8_t)(head >> 8), (uint8_t)head);
            break;
        case ACTION:
            take_action(&at, head, &action);
            rc = cau_teller_action(teller, event.at, &action);
            break;
        }
    }
    return rc;
}

int cau_tape_tell(const struct cau_tape *tape, const struct cau_plan *plan,
                  struct cau_teller *teller)
{
    int rc = tape->size > 0 ? tell(tape, plan, teller) : 0;
    cau_teller_done(teller);
    return rc;
}
