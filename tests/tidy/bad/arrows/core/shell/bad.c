#include "core/plan.h"
#include "scenarios/scenario.h"
