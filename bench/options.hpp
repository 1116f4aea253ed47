// The command line of culvert-bench: a few options of its own, the rest is Google Benchmark's.
#pragma once

#include <string>

namespace culvert::bench {

struct Options {
  bool help = false;
  // The widest vector registers that rows may use, in bits: 128, 256, 512; 0 = what the CPU has.
  unsigned simd = 0;
  std::string only;       // "crypto", "datapath": rows of that kind alone
  bool progress = false;  // tell on standard error which row begins
  std::string error;      // a sentence; empty if the words are understood
};

// Takes out of `argv` what is ours and leaves the rest in its order; argv[argc] stays null.
[[nodiscard]] Options take_options(int& argc, char** argv);

[[nodiscard]] const char* help_text() noexcept;

}  // namespace culvert::bench
