// The rows crypto/SUITE/{seal,open}/SIZE/SESSIONS/{ours,raw,openssl}.
#pragma once

#include "bench/rows.hpp"

namespace culvert::crypto::record::bench {

void register_rows(const culvert::bench::Rows& rows);

}  // namespace culvert::crypto::record::bench
