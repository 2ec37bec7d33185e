/* Deciders with one defect each: the checker has to catch them, or it proves nothing. */
#ifndef MUTANTS_H
#define MUTANTS_H

#include "core/shell/turn.h"

extern const struct cau_decider_ops mutant_no_quorum_guard; /* believes in any number of votes */
extern const struct cau_decider_ops mutant_no_lock_check;   /* takes every answer for a yes */
extern const struct cau_decider_ops mutant_no_door;         /* sees no feature sets */
extern const struct cau_decider_ops mutant_one_more_failed; /* MaxFailedNodes off by one */

#endif
