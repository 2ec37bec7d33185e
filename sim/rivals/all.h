/* Each rival by its name. */
#ifndef SIM_RIVALS_ALL_H
#define SIM_RIVALS_ALL_H

#include "sim/rivals/rivals.h"

extern const struct rival rival_cau;
extern const struct rival rival_kured;
extern const struct rival rival_ansible;
extern const struct rival rival_mco;
extern const struct rival rival_by_hand;

#endif
