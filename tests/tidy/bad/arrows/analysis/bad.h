#include "core/shell/words.h"
