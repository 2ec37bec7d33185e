/* The tape: the turns of a driver as data, for whoever wants to be told of them later, or never.
 *
 * It keeps events and actions exactly, as far as they mean something by their kind, lists and
 * progress included, and the run's state after each step: all that journal, trace and records are
 * made of. Keeping costs a fraction of telling. A turn that was cut is on it as far as it was told:
 * an event without a step, then.
 *
 * All zero is an empty tape. */
#ifndef CAU_TAPE_H
#define CAU_TAPE_H

#include "core/shell/teller.h"

struct cau_tape_block;

struct cau_tape {
    struct cau_tape_block *first, *last;
    size_t size; /* bytes on it */
};

void cau_tape_done(struct cau_tape *tape);

/* Makes `to`, which is overwritten, a tape of its own with the same on it. */
int cau_tape_copy(struct cau_tape *to, const struct cau_tape *from);

/* The parts of a turn, as a teller has them. All of these return 0 or -ENOMEM. */
int cau_tape_begin(struct cau_tape *tape);
int cau_tape_event(struct cau_tape *tape, const struct cau_event *event);
int cau_tape_step(struct cau_tape *tape, uint8_t state, uint8_t why);
int cau_tape_action(struct cau_tape *tape, const struct cau_action *action);

/* Tells all of it. `teller` is as for cau_teller_begin, which this calls, and is done afterwards.
 * Returns 0 or what the teller returned. */
int cau_tape_tell(const struct cau_tape *tape, const struct cau_plan *plan,
                  struct cau_teller *teller);

#endif
