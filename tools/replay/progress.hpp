// A line on standard error that tells how far it is: rewritten in place on a terminal, a new one now and
// then elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace culvert::replay {

class Progress {
 public:
  explicit Progress(bool wanted);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Whether it is time for a new line: making one may take longer than asking.
  [[nodiscard]] bool due() const;
  void show(const std::string& line);
  // The line is over; something else may be printed.
  void end();

 private:
  bool wanted_, terminal_;
  bool open_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace culvert::replay
