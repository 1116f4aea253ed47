// What the numbers of a run depend on besides Culvert, for the reader of its output.
#pragma once

#include "crypto/isa.hpp"

namespace culvert::bench {

// Adds to the context of Google Benchmark's output: cpu, microcode, cores, virtual, tsc_hz, isa, simd
// (bits asked for, if any), kernel, huge_pages, compiler, ipsec_mb, openssl, dpdk (if the program has
// it), culvert and commit. Takes a tenth of a second, in which the TSC is measured.
void describe_machine(crypto::Isa isa, unsigned simd);

// Of the sources, with "-dirty" if they were changed since; "unknown" outside a git tree.
[[nodiscard]] const char* commit() noexcept;

}  // namespace culvert::bench
