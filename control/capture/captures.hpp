// `capture NAME type asp-drop`: the captures that are on, and the thread that writes them. Workers only fill rings
// (dataplane/packet/drop_tap.hpp), and the control thread only starts and stops: neither waits for a disk.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "control/capture/capture.hpp"
#include "dataplane/packet/drop_tap.hpp"

namespace culvert::control {

// What captures need of the workers. `port_name` is called on the thread that writes, the rest by whoever calls
// Captures.
struct CaptureSource {
  // Workers make copies from now on. The same taps each time; they outlive the captures.
  std::function<std::vector<dp::DropTap*>()> attach;
  std::function<void()> detach;
  std::function<dp::Time()> now;                        // the workers' time; any thread
  std::function<std::string(uint16_t port)> port_name;  // of a DPDK port; "" = unknown
};

class Captures {
 public:
  static constexpr size_t kMost = 8;

  // Files go to `folder`, which is made when it is needed.
  Captures(CaptureSource source, std::string folder);
  ~Captures();  // writes what there is
  Captures(const Captures&) = delete;
  Captures& operator=(const Captures&) = delete;

  // Throws std::runtime_error with a sentence.
  void start(const CaptureSpec& spec);
  // The capture as it was; its file is whole a moment later. nullopt: there is none of that name.
  std::optional<CaptureView> stop(std::string_view name);
  [[nodiscard]] std::vector<CaptureView> views() const;

 private:
  using Shared = std::shared_ptr<Capture>;

  void run();
  void drain(const std::vector<Shared>& captures);
  [[nodiscard]] size_t capturing() const;  // how many of captures_ still take packets
  void choose_reasons();
  [[nodiscard]] uint64_t missed(const CaptureSpec& spec) const;
  [[nodiscard]] CaptureView view_of(const Capture& capture) const;

  const CaptureSource source_;
  const std::string folder_;
  std::vector<dp::DropTap*> taps_;  // set before the thread runs
  mutable std::mutex mutex_;        // of what follows
  std::condition_variable wake_;
  std::vector<Shared> captures_;
  std::vector<Shared> closing_;
  size_t capturing_ = 0;  // when the reasons were chosen last
  bool quit_ = false;
  std::thread writer_;
};

}  // namespace culvert::control
