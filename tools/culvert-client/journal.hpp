// What happened, as it happens: entries as in a DART bundle for people, and lines of JSON for
// programs.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace culvert::client {

class Journal {
 public:
  // Standard error where `dart_file` is empty; no events where `events_file` is. Throws Failure.
  Journal(const std::string& dart_file, const std::string& events_file);
  ~Journal();

  enum class Type : unsigned char { information, warning, error };
  // Who of AnyConnect's parts says it: its service, or its window.
  enum class Source : unsigned char { agent, window };
  // An entry of the log that Cisco's Diagnostics and Reporting Tool collects; also an event.
  void entry(Type type, Source source, std::string_view description);
  // One line: {"time": seconds since 1970, "event": name, ...details}.
  void event(std::string_view name, const nlohmann::json& details);

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;
  static File open(const std::string& path);

  File dart_;
  File events_;
  bool any_ = false;
};

}  // namespace culvert::client
