#include "core/shell/words.h"
#include "scenarios/scenario.h"
