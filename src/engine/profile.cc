#include "engine/profile.h"

#include <nlohmann/json.hpp>
#include <thread>

#include "base/files.h"

namespace escuta::engine {

void Profile::add(const Step& step, Clock::time_point begin, Clock::time_point end) {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  Event event;
  event.name = step.node->name;
  event.op = step.node->op_type;
  event.start_us = duration_cast<microseconds>(begin - start_).count();
  event.duration_us = duration_cast<microseconds>(end - begin).count();
  event.thread = std::hash<std::thread::id>()(std::this_thread::get_id()) % 100000;
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
}

Status Profile::write(const std::filesystem::path& path) const {
  nlohmann::json list = nlohmann::json::array();
  {
    const std::lock_guard lock(mutex_);
    for (const Event& event : events_) {
      list.push_back({{"name", event.name.empty() ? event.op : event.name},
                      {"cat", "Node"},
                      {"ph", "X"},
                      {"pid", 1},
                      {"tid", event.thread},
                      {"ts", event.start_us},
                      {"dur", event.duration_us},
                      {"args", {{"op_name", event.op}}}});
    }
  }
  const std::string text = list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return write_file(path, text);
}

}  // namespace escuta::engine
