// The rows datapath/{dtls,cstp}/SUITE/{up,down}/SIZE/SESSIONS.
#pragma once

#include "bench/rows.hpp"

namespace culvert::bench {

void register_datapath_rows(const Rows& rows);

}  // namespace culvert::bench
