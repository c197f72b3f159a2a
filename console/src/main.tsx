import '@cloudscape-design/global-styles/index.css'
import './console.css'
import { I18nProvider } from '@cloudscape-design/components/i18n'
import messages from '@cloudscape-design/components/i18n/messages/all.en.json'
import { applyMode, Mode } from '@cloudscape-design/global-styles'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'

/** As the system has it, also when it changes at sunset. */
const prefersDark = matchMedia('(prefers-color-scheme: dark)')
const followSystem = () => applyMode(prefersDark.matches ? Mode.Dark : Mode.Light)
prefersDark.addEventListener('change', followSystem)
followSystem()

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <I18nProvider locale="en" messages={[messages]}>
      <App />
    </I18nProvider>
  </StrictMode>,
)
