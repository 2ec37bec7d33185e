#include "core/shell/words.h"
#include "sim/world.h"
