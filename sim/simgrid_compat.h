/* What differs between SimGrid 3.32 (Debian 12) and 4.x, in one place.
 *
 * The engine keeps to the part of the C interface that both have with the same meaning. What it
 * must not lean on, because it changed: whether a timed-out wait cancels the communication (3.36),
 * waiting for any of several (gone in 4.0), host and actor properties (renamed), links' and hosts'
 * lists. */
#ifndef SIM_SIMGRID_COMPAT_H
#define SIM_SIMGRID_COMPAT_H

#include <simgrid/actor.h>
#include <simgrid/comm.h>
#include <simgrid/engine.h>
#include <simgrid/exec.h>
#include <simgrid/host.h>
#include <simgrid/link.h>
#include <simgrid/mailbox.h>
#include <simgrid/semaphore.h>
#include <simgrid/version.h>

#if SIMGRID_VERSION < 33200
#error "SimGrid 3.32 or newer is needed"
#endif

/* 3.34 split the precisions and gave that of time a name of its own. */
#if SIMGRID_VERSION >= 33400
#define SIM_SIMGRID_PRECISION "--cfg=precision/timing:1e-9"
#else
#define SIM_SIMGRID_PRECISION "--cfg=surf/precision:1e-9"
#endif

#endif
