// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include "options.h"

struct options options;
